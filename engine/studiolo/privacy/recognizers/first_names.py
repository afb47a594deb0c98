"""Given names that are common in Europe, the Americas and parts of Asia. General knowledge, written for this project.

No list holds everyone, and none is needed: they let a name stand alone ("Logan") where a capital says nothing. Those
that are everyday words as well (`lexicon.NAME_WORDS`) are looked for in company only.
"""

from __future__ import annotations

FIRST_NAMES = frozenset(
    """
    aarne aaron aart abdul abdullah abhishek abigail abraham achim ada adaeze adalbert adam ade adebayo adele
    adeola aditi aditya adrian adriana adriano adrien adéla afonso agatha agathe agnes agneta agnieszka agustín
    ahmad ahmed ahmet aidan aiko aileen aimée aino aisha aivar ajay akash akbar akemi aki akiko akira akosua
    alain alan albert alberto alec alejandra alejandro aleksandar aleksandr aleksandra aleksei aleksey aleksi
    alena alenka alessandra alessandro alessia alex alexa alexander alexandra alexandros alexei alexey alexis
    aleš alfonso alfred alfredo ali alice alicia alina alison alla allan allen allison alma alois alok alvin ama
    amadou amal amanda amber amelia amina aminata amir amira amit amparo amrita amy amélie ana anand ananya
    anastasia anatoly anaïs anders andrea andreas andrei andrej andrew andrey andrus andrzej andrás andré andy
    anette angel angela angelina angelo angelos angus anikó anil anita anja anjali anke ankit ann ann-christin
    anna annabel anne anneke anneli annelie annette annie annika annikki ante antero anthi anthony antoine anton
    antonella antonia antonio antonis antonín ants antónio anu anushka anwar aparna apostolos april archie areti
    ariana arja arjan arjun arkady arlene armando arnaud arne arnold artem arthur arto arturo artyom arun arvid
    arvind arvo asami asger asha ashley ashok ashwin asma astrid asuka athanasios attila audrey aurore aurélie
    austin ava axel aya ayaka ayesha aylin ayodele aysel ayumi ayşe aziz babatunde balázs baptiste barbara
    barney barry bart bartosz barış bashir beata beatrice beatriz becky begoña belinda ben bengt benjamin benoît
    bente berk bernadette bernard bernardo bernd bernhard bernice bert bertha bertrand bessie beth bethany betty
    beverly bhavna bianca bilal billy birger birgit birgitta birna bjoern björk björn blake blaž bo bob bobby
    bogdan bogusław bohumil bojan bojana bonnie boris borut bożena božena božidar brad bradley bragi bram
    brandon branislav branko brenda brendan brett brian bridget brigitte britt britta bruce bruno bryan bukola
    burak byron béla børge büşra caio caitlin caleb callum calvin cameron camilla camille canan candice carina
    carl carla carlo carlos carmela carmen carol carole carolien caroline carolyn carrie carsten casey cassandra
    catalina catarina catherine cathy cecil cecilia cedric celia cem ceren chandra chantal charalambos chariklia
    charlene charles charlie charlotte chelsea cheryl chester chiara chidi chidinma chinedu chioma chiyo chloe
    chris christa christer christian christina christine christoph christopher christos chukwuemeka cindy claire
    clara clarence clarice clark claude claudia claudine claudio clayton clement clifford clive clyde cláudia
    clémence clément cody colette colin colleen connie connor constance corey corinne cornelia cornelis corrie
    courtney craig cristiano cristina cristóbal crystal csaba curtis cynthia cyril cécile cédric céline daan dag
    dagmar daiki daisuke daisy dale damian damien dan dana daniel daniela danielle danijel danijela danny daphne
    daria dariusz darko darlene darren darya daryl dave david davide davor dawid deborah debra deepa deepak
    deepika dejan delphine denis denise deniz dennis derek derya desmond despina detlef diana diane didier diego
    dieter dimitra dimitrios dimitris dina dinesh diogo dirk divya dmitri dmitry doerte dolores domenico dominic
    dominique don donald donna dora doreen doris dorota dorothy douglas dragan dragana dragica duarte dubravka
    duc duncan dung dunja dustin dušan duško dwayne dwight dylan dénes dóra ebba ebele eberhard ebony ebru ece
    eddie edgar edina edith edmund edna edson eduarda eduardo edward edwin eero eeva efua egil eileen einar eino
    ekaterina elaine eleanor eleftheria elena eleni elfriede elif elijah elin elina elisa elisabetta elise
    elizabeth elizaveta eliška elke ella ellen ellie ellinor elliot els else elsie elvira elín elżbieta emanuele
    emeka emi emiko emilia emilio emily emine emma emmanuel emmanuelle emre engin enikő enrico enrique enzo
    erdem eri eric erica erik erika erin erkan erkki erling ernest erwin erzsébet esa eskil esko espen esra
    esteban ester esther ethan ethel etsuko eugene eugenia eulalia eun-ji eunice eva eva-lena evan evangelia
    evangelos evelyn evgeny ewa ewelina eyjólfur fabiana fabien fabio fabiola fabrice fabrizio fadi fahad faisal
    farah farid farida fatih fatima fatma federica federico fedor felicia felicity felipe felix femke ferenc
    fergus fermín fernand fernanda fernando filip filipa filippo finn fiona flora florence florent florian floyd
    flávia flávio folake fotini franca frances francesca francesco francine francis francisca francisco franco
    frank franklin frans františek franz françois françoise fred freddie frederick fredrik freya freyja frida
    frieda friedrich fritz frode frédéric fumiko funmilayo fyodor fátima gabriel gabriela gabriele gail galina
    gareth garry gary gaston gaurav gavin gaëlle gašper geert geeta geir gemma geneviève gennady geoffrey george
    georges georgia georgina georgios georgy gerald geraldine gerard gerardo gerda gergely gerhard gerlinde
    gerrit gertrude ghislaine giacomo gianluca gianni giannis gilbert gilles gina gino giorgio giorgos giovanna
    giovanni gisela gita gitte giulia giuseppe gizem gladys gleb glenda glenn gloria gonzalo gonçalo gopal goran
    gordana gordon goro gottfried graham graziella grażyna greetje greg greger gregor gregorio gregory greta
    gretchen grete grigory grzegorz guadalupe guido guilherme guillaume guillermo gunilla gunnar gunther gustaf
    gustav gustavo guy guðmundur guðrún gwen gwendolyn gyula györgy gábor gérard géza gökhan göran gül gülay
    günter günther habib hadi hafsa hai hakan halil halina halldór halvor hamid hamza hana hanan hande hannah
    hanne hanneke hannelore hannu hans harald hari harish harm harold harri harriet harry hartmut haruka haruki
    haruto harvey hasan hassan hatice hazel heather hector hege heidi heike heikki heino heinrich heinz heitor
    helen helena helga helmi helmut hendrik henk henri henrietta henrik henrique henry henryk herbert herman
    hernán herta hervé hideki hideo hilary hilda hilde hildegard hildur hilkka hiroko hiromi hiroshi hitomi
    hoang holger holly honoré horst howard hrafn hrvoje hubert huda hugh hugo hugues hung huong hussein hyun-woo
    håkan héctor hélène hüseyin ian ibolya ibrahim ida idris ifeoma ignacio igor ikechukwu ilaria ildikó ilkka
    ilona ilse ilya imogen imran imre indira indrek ineke inez inga-lill inge ingeborg inger ingibjörg ingrid
    ingvar inkeri inna inés inês ioann ioanna ioannis iosif iqbal irena irene ireti irina irini iris irja irma
    isaac isabel isabella isabelle isaiah isamu isha isidro isla ismail istván ivan ivana ivica ivo ivy iwona
    izabela jaak jaakko jaan jaana jaap jabari jacek jacob jacqueline jacques jade jadwiga jaime jake jakob
    jakub jamal james jamie jamila jan jana jane janet janez janice janja janneke jannik janusz jari jarkko
    jarmo jaroslav jarosław jasmina jasmine jason jasper javier jay jaya jayden jean jean-luc jean-pierre
    jeanette jeff jeffrey jelena jenna jennifer jenny jens jeppe jeremiah jeremy jeroen jerome jerry jerzy
    jesper jesse jessica jesús ji-hye jihoon jill jim jimmy jindřich jiro jitka jiwoo jiří joachim joan joana
    joanna joanne joaquín jocelyn jodi jody joe joel johan johann johanna johannes john johnny jolanda jon jonas
    jonathan joost jordan jorge joris jose josef josefa josefina joseph josephine josh joshua josiane josip josé
    jouko jouni jovan jovana joyce joão joëlle jože juan juanita judit judith judy juha juhani jukka julia
    julian juliana julie julien juliet juliette julio julián june junichi junko jussi justin justine jutta jytte
    jános jérôme jóhann jóhanna jón józsef jörg jørgen júlia jürgen kaarina kadir kadri kaija kaj kalev kalevi
    kalle kamal kamil kamila kaori kaoru karan kareem karel karen kari karim karin karina karl karl-erik
    karolina karsten katalin katariina katarzyna kate katerina kateřina katherine kathleen kathryn kathy katica
    katie katja katri katrien katrin katrín katsuo katya kavita kay kayla kazimierz kazuko kazuo kees keiko
    keith kelly kelsey kemal ken ken'ichi kenichi kenji kenneth kenta kerry kersti kerstin kevin khadija khaled
    khalid kim kimberly kimmo kinga kiran kirill kirk kirsi kirsten kiyoshi kjell kjersti kjetil klaas klaus
    klemen klára knud knut koen kofi koichi koji konrad konstantin konstantina konstantinos kostas krešimir
    krishna krista kristel kristen kristian kristiina kristin kristján kristín krisztina krisztián krystyna
    krzysztof ksenia kumiko kurt květa kwabena kwame kweku kyle kyoko kyriakos kálmán kåre külli ladislav
    laetitia laila lajos lakshmi lalita lamia lance larisa larissa larry lars lasse lata latifa laura lauren
    laurence laurent lauri lawrence layla leah leandro lee leena leif leila lembit lena lenka lennart leo leon
    leona leonard leonardo leonid leonor lerato leroy lesley leslie lester leszek leticia letícia lev levent
    levente lewis leyla liam libor lidia lieke liesbeth lieselotte liina liisa lillian lily linda lindiwe
    lindsay linh linnea lionel lisa liv liz ljiljana ljubica lloyd logan lois lola lorenza lorenzo loretta lori
    lorraine lotta louis louisa louise lourdes loïc lubomír luboš luca lucas lucia luciano lucie lucien lucienne
    lucille lucinda lucy lucía ludmila ludovic ludwig luigi luis luisa luiz luka luke lutz luz luísa lydia lyle
    lynn lyubov lyudmila lászló léa léon lóránt lúcia maaike maarten mabel macarena maciej mackenzie maddison
    madeleine madhu madison magda magdalena magdolna maggie magnús mahesh mahmoud mai maie maija maja makoto
    maksim malcolm malik malin mamadou mandy manfred manish manoj manon mansour manuel manuela marc marcel
    marcela marcelle marcello marcelo marcia marcin marco marcos marcus marek margaret margarete margarita
    margaux margherita margriet margrét marguerite margus maria mariam marian mariana marianne mariano maribel
    marie marieke marija marijana marijke mariko marilyn marina mario marion marisol marit mariusz marjan
    marjatta marjorie marketta markku marko markus markéta marlene marlies marloes marsha marshall mart marta
    martha marthe martin martina martti marvin mary maryam masaaki masako masaru masashi mason massimo mate
    matej mateo mateus mateusz matheus mathew mathieu mathilde matilda matjaž mats matt matteo matthew matthias
    matti mattia maureen maurice mauricio maurizio mauro max maxim maxime maxine mayumi małgorzata meelis meera
    megan meghan megumi mehmet melanie melek melinda melissa melody meltem melvin mercedes meredith merete
    merike mert merve metin metka mette micaela michael michalis michał michel michela michele michelle michiko
    midori mieczysław mieke miguel miha miho mihály mika mikael mike mikhail mikko miklós mila milada milan
    mildred milena milica millie miloslav miloš milton minh minho minji minna minnie miranda mireille mirella
    miriam mirja mirjana mirko miroslav misty mitchell mitja mitsuko miyuki mladen modupe mogens mohamed
    mohammad mohammed mohan moira mojca molly momoko mona monica monika monique montserrat morgan morten mpho
    muhammad mukesh murat muriel murilo mustafa myra myrtle márcia márcio márta mónika nabil nada nadezhda nadia
    nadine naledi nam nana nancy nandini naoki naoko naomi nasser natalia natalie natalya natasha nataša
    nathalie nathan nathaniel natsuki natália naveen nazlı nebojša neha neil nejc nell nellie nelson nemanja
    nenad nesrin nevena ngoc ngozi nguyen nicholas nick nicola nicolas nicole nicolás niels nieves nigel nihat
    niina nikhil nikita nikola nikolai nikolay nikos nils nina nisha nitin nkechi nneka noah noboru noel nomsa
    noor noortje nora norbert noriko norma norman nour noémie nuno nuria nándor nóra obinna océane odette odile
    oili oksana ola olaf olav olavi ole oleg olesya olev olga olive oliver olivia olivier olli olof olufemi
    oluwaseun omar ondřej onur onyeka orhan orsolya orvokki osama osamu oscar oskar osman otakar otto otávio
    outi owen paavo pablo paige paloma pamela panagiotis panayiota paola paolo paraskevi pascal pascale pasi
    patricia patricio patrick patrizia paul paula pauline paulo pavel pavla pavlos paweł paz pedro peggy pekka
    penelope penny pentti percy pernille perry pertti petar peter petr petra petri petros petteri philip
    philippe phillip phoebe phuc phuong phyllis piero pierre pieter pietro pilar piotr piret pirjo pirkko
    piroska polina polly pooja poul prakash pranav prasad prashant predrag preston priit primož priscilla priya
    przemysław pál päivi péter pınar quang quentin rachel radek radha radka radovan rafael rafaela rafał
    raffaele ragnar ragnheiður ragnhild rahul raija raimo rainer raisa raivo raj rajesh rajiv rakesh ralph ram
    ramazan ramesh ramiro ramona ramón randall randy rani rania raoul raphaël raquel rashid rasmus ratko raul
    ravi raymond raúl rebecca regina reginald reijo reiko rein reinhard rekha remedios renata renate renato rene
    renee renzo reza rhonda riad ricardo riccardo richard ricky riikka riitta rik rika rinaldo risto rita ritu
    roar robert roberta roberto robin robyn rocco rochelle roderick rodion rodney rodrigo roel rogelio roger
    rohan rohit rok roland rolando rolf romain roman ron ronald ronnie rosa rosalie rosalind rosanna rosaria
    rosario rosemary rosie ross rowena roxane roxanne roy rozália ruby rubén rudolph rufus rui rune rupert
    ruslan russell ruth ruud ryan ryo ryota ryszard régis réka rémi rémy rüdiger saara sabah sabine sabrina
    sachiko sachin sadie said sakura salah salim sally salma salvador salvatore sam samantha samir samira samuel
    sana sandeep sandra sandrine sandro sandy sangeeta sanja sanjay sanna santiago sara sarah sari sarita saskia
    satish satomi satoshi satu saul sayed sayuri saša scott sean sebastian sebastijan seema seija selim selin
    selina selma sema senka seojun seppo serena serge sergei sergey sergio serkan seth sevgi shahid shane
    shannon shanti sharmila sharon shaun shawn sheila shelley sheri sherri sherry shigeru shinji shirley shiro
    shiva shota shreya shruti sibel siddharth siddiq sidney siegfried signe sigrid sigríður sigurd sigurður
    silke silvana silvia silvio simen simon simona simone simão sinan sini siniša sipho sirje sirkka sirpa
    sissel sita siv sjoerd slava slavica slavko slobodan smita sneha snežana snježana snorri sofia sofie sofya
    solange soledad solveig sonal songül sonia sonya soo-jin sophia sophie soraya spyridon spyros srđan stacey
    stacy stan stanislav stanisław stanley stavros stefan stefania stefanie stefano steffen stefán steinar
    steinunn stelios stella sten stepan stephanie stephen steve steven stewart stian stig stijn stipe stjepan
    stuart stéphane stéphanie subhash sudhir suleiman sultan suman sumit sung-min sunil sunita suresh susan
    susana susannah susanne sushma susie suzanne svein sveinn sven svetlana swantje swati sydney sylvain sylvia
    sylvie sylwia synnøve szabina szilvia szymon sándor sébastien séverine sílvia sónia søren süleyman sławomir
    tabitha tadashi tadej tadeusz tahir taina taisia takashi takeshi takumi tamara tamiko tammy tamás tania
    tanya tapani tapio tara taras tariq tariro tarja tarmo taro tarık tatiana tatjana tatsuya tatyana ted teemu
    tendai teppo terence teresa tereza terhi terje tero terrence terri terry tessa tetsuya teun thabo thanasis
    thandiwe thanh thao thea thelma themba theodora theodore theodoros theresa thiago thibault thierry thijs
    thomas thor thorsten thuy thérèse tiago tibor tien tiffany tihana tihomir tiina tiit tim timo timofey
    timothy timur tina tineke tjaša toby todd toini toivo tolga tom tomasz tomaž tomislav tommaso tommy tomoko
    tomás toni tony toomas tor tore torsten toru toshio tove tracey tracy trang traute travis trevor triin trine
    trinidad trisha tristan troels trond troy trung truus trygve tsuyoshi tuan tuija tunde tung tuomas tuula
    tuğba tyler tânia tülay uche udo ulf ulla ulrich ulrika ulrike uma umar umberto umut uno urban urho urmas
    uroš ursel ursula urszula urška usha ute uwe vaclav vadim valentin valentina valeria valerie valery valérie
    vandana vanessa varun varvara vasant vasco vasiliki vasilis vasily vassilis vedran veikko veli vello vera
    vernon veronica vesa vesna vicente vicki vicky victoria vida vidar vidya viet viggo vijay vikas vikram
    viktor viktória vilho ville vilmos vinay vincent vincenzo vineet vinod viola violet virginia virginie virpi
    vishal vitaly vitor vittorio vitória vivek vivian vlad vladan vladimir vladimír vladislav vlado vlasta
    vojtěch volker volodymyr vsevolod vuk vyacheslav václav víctor vít věra wafa walid walter waltraud wanda
    wanjiru warren wayne wendy werner wesley whitney wiebe wiesław wilbur wilfred wilhelm willard willem william
    willie wilma wim winifred winston witold wojciech wolfgang wouter włodzimierz xavier ximena yaa yana yannick
    yaroslav yasemin yasmin yasmine yasser yasuko yaw yegor yekaterina yelena yngve yoko yolanda yoshiko yoshio
    young-ho youssef yui yuka yuki yukiko yuko yulia yumi yumiko yuri yury yusuf yusuke yuto yves yvette yvon
    yvonne yıldız yılmaz zachary zahra zainab zaki zanele zbigniew zdenka zdeněk zdravko zdzisław zehra zeinab
    zeynep zinaida zlatan zlatko zoe zofia zola zoltán zoran zsolt zsuzsanna zsófia zuzana zvonimir ágnes álvaro
    ángel ángela árpád ásta ástríður åke åsa édouard élodie émilie étienne éva ólafur óscar özge özgür özlem
    øyvind þorsteinn þóra þórdís đorđe łukasz şule špela štěpán žarko željka željko žiga
    """.split()  # noqa: SIM905
)
